/** safetensors: single files and sharded folders, read and written. */
package tk.safetensors;
