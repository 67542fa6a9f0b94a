package tk.gotemplate;

import java.util.SequencedMap;

/**
 * A Go struct: asking it for a field it does not have is an error, where a map gives nothing.
 *
 * @param type its name, for messages
 * @param fields by name, in order of declaration
 */
record Struct(String type, SequencedMap<String, Object> fields) {}
