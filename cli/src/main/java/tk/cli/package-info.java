/** One class a command; the only code that prints, reads the environment or exits. */
package tk.cli;
