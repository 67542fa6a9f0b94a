/**
 * Whether two models are steered by the same settings, whatever their formats call them; read from
 * the formats' documents, not with the converter's tables.
 */
package tk.verify.settings;
