/** Routes from one checkpoint to another: names, families, RoPE permutation, casts. */
package tk.convert;
