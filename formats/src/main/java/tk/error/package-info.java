/** The closed family of errors, one kind an exit code. */
package tk.error;
