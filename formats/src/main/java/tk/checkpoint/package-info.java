/** Checkpoints, what transforms them, and the one writer that moves their bytes. */
package tk.checkpoint;
