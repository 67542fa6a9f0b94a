/** What differs between two models, whatever their formats. */
package tk.verify.difference;
