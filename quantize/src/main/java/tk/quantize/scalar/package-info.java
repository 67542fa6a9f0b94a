/**
 * The specification of every block type: one type a file, readable, bit for bit llama.cpp's.
 *
 * <p>All arithmetic is single precision, one rounding an operation, from left to right: no fused
 * multiply-add, no double, no sum in another order. A float's value decides the bytes of a file, so
 * none of these expressions may be rearranged.
 */
package tk.quantize.scalar;
