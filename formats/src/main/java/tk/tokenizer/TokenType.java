package tk.tokenizer;

import java.util.Optional;

/** What a token is for, with the codes that SentencePiece and GGUF share. */
public enum TokenType {
    NORMAL(1),
    UNKNOWN(2),
    CONTROL(3),
    USER_DEFINED(4),
    UNUSED(5),
    BYTE(6);

    private final int code;

    TokenType(int code) {
        this.code = code;
    }

    /** The code in {@code tokenizer.ggml.token_type}. */
    public int code() {
        return code;
    }

    /** The type of this code. */
    public static Optional<TokenType> ofCode(long code) {
        for (TokenType type : values()) {
            if (type.code == code) return Optional.of(type);
        }
        return Optional.empty();
    }
}
