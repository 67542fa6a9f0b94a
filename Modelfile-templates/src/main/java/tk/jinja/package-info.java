/**
 * Jinja chat templates, rendered as transformers renders them: lexer, parser, and a bounded
 * interpreter that reaches nothing but the values it is given.
 */
package tk.jinja;
