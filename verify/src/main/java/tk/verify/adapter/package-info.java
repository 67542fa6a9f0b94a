/** What is known of adapters that were merged into a model before it was written. */
package tk.verify.adapter;
