/** A verification as a page that anyone can read. */
package tk.verify.report;
