/**
 * PyTorch's files, read as data: pickles are interpreted by a closed allow-list, never executed.
 */
package tk.torch;
