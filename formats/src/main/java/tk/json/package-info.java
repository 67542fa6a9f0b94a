/** JSON as values, read strictly and written as Python writes it. */
package tk.json;
