/**
 * Whether two checkpoints hold the same weights, whatever their formats call and order them.
 *
 * <p>Written from the formats' documents, not from the converter: what checks must not share the
 * name map or the permutation with what it checks.
 */
package tk.verify.weights;
