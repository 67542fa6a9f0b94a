/**
 * What a file is, judged by its bytes; below the readers, which name by it what they can't read.
 */
package tk.filekind;
