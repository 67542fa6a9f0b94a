package tk.torch;

import org.jspecify.annotations.Nullable;

/**
 * The opcodes of pickle protocols 0 to 5, by their byte.
 *
 * <p>Source: CPython's {@code Lib/pickletools.py} and PEP 3154, PEP 574.
 */
enum Opcode {
    PROTO(0x80),
    FRAME(0x95),
    STOP('.'),
    MARK('('),
    POP('0'),
    POP_MARK('1'),
    DUP('2'),

    NONE('N'),
    NEWTRUE(0x88),
    NEWFALSE(0x89),
    INT('I'),
    BININT('J'),
    BININT1('K'),
    BININT2('M'),
    LONG('L'),
    LONG1(0x8a),
    LONG4(0x8b),
    FLOAT('F'),
    BINFLOAT('G'),

    STRING('S'),
    BINSTRING('T'),
    SHORT_BINSTRING('U'),
    UNICODE('V'),
    SHORT_BINUNICODE(0x8c),
    BINUNICODE('X'),
    BINUNICODE8(0x8d),
    SHORT_BINBYTES('C'),
    BINBYTES('B'),
    BINBYTES8(0x8e),
    BYTEARRAY8(0x96),

    EMPTY_TUPLE(')'),
    TUPLE('t'),
    TUPLE1(0x85),
    TUPLE2(0x86),
    TUPLE3(0x87),
    EMPTY_LIST(']'),
    LIST('l'),
    APPEND('a'),
    APPENDS('e'),
    EMPTY_DICT('}'),
    DICT('d'),
    SETITEM('s'),
    SETITEMS('u'),
    EMPTY_SET(0x8f),
    ADDITEMS(0x90),
    FROZENSET(0x91),

    PUT('p'),
    BINPUT('q'),
    LONG_BINPUT('r'),
    MEMOIZE(0x94),
    GET('g'),
    BINGET('h'),
    LONG_BINGET('j'),

    GLOBAL('c'),
    STACK_GLOBAL(0x93),
    EXT1(0x82),
    EXT2(0x83),
    EXT4(0x84),
    REDUCE('R'),
    BUILD('b'),
    INST('i'),
    OBJ('o'),
    NEWOBJ(0x81),
    NEWOBJ_EX(0x92),
    PERSID('P'),
    BINPERSID('Q'),
    NEXT_BUFFER(0x97),
    READONLY_BUFFER(0x98);

    private static final @Nullable Opcode[] BY_CODE = new @Nullable Opcode[256];

    static {
        for (Opcode opcode : values()) BY_CODE[opcode.code] = opcode;
    }

    private final int code;

    Opcode(int code) {
        this.code = code;
    }

    /** Its byte in a pickle. */
    int code() {
        return code;
    }

    /** The opcode of that byte, or null where there is none. */
    static @Nullable Opcode of(int code) {
        return BY_CODE[code];
    }
}
