/** The reference forward pass: LLaMA-like decoders from the papers' formulas, in F32. */
package tk.verify.reference;
