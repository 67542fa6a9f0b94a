/** LoRA adapters as PEFT writes them, and what merging them into their base gives. */
package tk.convert.lora;
