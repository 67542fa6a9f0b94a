/** The texts that models are compared on. */
package tk.verify.corpus;
