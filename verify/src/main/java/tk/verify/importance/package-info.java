/** Measures how much each input of each matrix matters, for quantization. */
package tk.verify.importance;
