/**
 * The speed: the same bytes as {@link tk.quantize.scalar}, many sub-blocks at once.
 *
 * <p>A sub-block takes one lane, and its values follow each other in time: each lane then does what
 * the scalar code does, operation by operation, and rounds as that does. Nothing here multiplies
 * and adds in one, nothing sums floats across lanes.
 *
 * <p>Vectors stay inside a method: what one pass leaves for the next lies in arrays. The compiler
 * stops inlining in long methods, and a vector handed to a method that is not inlined becomes an
 * object, fifty times slower.
 *
 * <p>Classes here may be loaded only where module {@code jdk.incubator.vector} is.
 */
package tk.quantize.vector;
