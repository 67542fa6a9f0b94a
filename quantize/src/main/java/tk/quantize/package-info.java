/** Block quantization with llama.cpp's bytes. */
package tk.quantize;
