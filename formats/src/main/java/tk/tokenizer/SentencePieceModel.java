package tk.tokenizer;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.tokenizer.proto.ModelProto;
import tk.tokenizer.proto.NormalizerSpec;
import tk.tokenizer.proto.TrainerSpec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A SentencePiece {@code tokenizer.model}: pieces with scores and types, and how text is brought
 * into the form they match. Immutable.
 *
 * <p>Reading checks what the sentencepiece library checks when it loads a model (no empty or
 * repeated piece, one unknown piece, all 256 byte pieces or none), and that no number in the file
 * makes it allocate more than the file's size warrants.
 *
 * <p>Source: google/sentencepiece, {@code sentencepiece_model.proto} and {@code
 * model_interface.cc}.
 */
public final class SentencePieceModel {
    /** The character that stands for a space inside pieces, U+2581. */
    public static final char SPACE = '\u2581';

    private static final long MAX_FILE = 1L << 26;
    private static final int MAX_PIECES = 1 << 21;
    private static final int MAX_PIECE_BYTES = 1 << 16;
    private static final int MAX_TRAINER_BYTES = 1 << 22;
    private static final int MAX_NORMALIZER_BYTES = 1 << 24;

    /** How a text is cut into pieces. */
    public enum Algorithm {
        UNIGRAM,
        BPE,
        WORD,
        CHAR
    }

    /**
     * A piece; its id is its place in {@link #pieces()}.
     *
     * @param text with U+2581 for spaces
     * @param score log probability (unigram), or minus the merge's rank (BPE)
     * @param type what it is for
     */
    public record Piece(String text, float score, TokenType type) {}

    /**
     * How text is normalized before it is cut.
     *
     * @param name of the rule, such as {@code nmt_nfkc} or {@code identity}
     * @param charsmap the compiled rule: u32 length, double-array trie, replacements; empty for
     *     none
     * @param addDummyPrefix whether a text starts with a space that isn't written
     * @param removeExtraWhitespaces whether runs of spaces become one, and those at the ends none
     * @param escapeWhitespaces whether spaces become U+2581
     */
    public record Normalizer(
            String name,
            Charsmap charsmap,
            boolean addDummyPrefix,
            boolean removeExtraWhitespaces,
            boolean escapeWhitespaces) {}

    private final List<Piece> pieces;
    // The library keeps ordinary and special pieces apart, so a text may occur once in each.
    private final Map<String, Integer> ordinary;
    private final Map<String, Integer> special;
    private final TrainerSpec trainer;
    private final Normalizer normalizer;
    private final Optional<Normalizer> denormalizer;
    private final int unknownId;

    private SentencePieceModel(
            String place,
            List<Piece> pieces,
            TrainerSpec trainer,
            NormalizerSpec normalizer,
            Optional<NormalizerSpec> denormalizer) {
        this.pieces = List.copyOf(pieces);
        this.trainer = trainer;
        this.normalizer = normalizer(normalizer, place);
        this.denormalizer = denormalizer.map(spec -> normalizer(spec, place));
        this.ordinary = HashMap.newHashMap(pieces.size());
        this.special = new HashMap<>();
        this.unknownId = check(place);
    }

    /** Reads a model file. */
    public static SentencePieceModel read(Path file) {
        return parse(bytes(file), file.toString());
    }

    /** A file's bytes, unless they are too many. */
    static byte[] bytes(Path file) {
        try {
            long size = Files.size(file);
            if (size > MAX_FILE) {
                throw new MalformedException(
                        String.format(
                                Locale.ROOT,
                                "%s: %,d bytes, expected a SentencePiece model of at most %,d",
                                file,
                                size,
                                MAX_FILE));
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new IoException(file + ": no such file", "Check the path.", e);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    /** Whether a file starts as a SentencePiece model does: with a piece. */
    public static boolean recognises(byte[] head) {
        return head.length > 2 && head[0] == 0x0a && head[2] == 0x0a;
    }

    /**
     * The model in these bytes.
     *
     * @param place what to call the bytes in errors
     */
    public static SentencePieceModel parse(byte[] bytes, String place) {
        CodedInputStream in = CodedInputStream.newInstance(bytes);
        List<Piece> pieces = new ArrayList<>();
        TrainerSpec.Builder trainer = TrainerSpec.newBuilder();
        NormalizerSpec.Builder normalizer = NormalizerSpec.newBuilder();
        Optional<NormalizerSpec> denormalizer = Optional.empty();
        int start = 0;
        try {
            // The outer message is walked by hand, so that what is kept is bounded piece by piece.
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                switch (tag) {
                    case ModelProto.PIECES_FIELD_NUMBER << 3
                                    | WireFormat.WIRETYPE_LENGTH_DELIMITED -> {
                        if (pieces.size() == MAX_PIECES) {
                            throw new MalformedException(
                                    "%s: more than %d pieces".formatted(place, MAX_PIECES));
                        }
                        pieces.add(piece(part(in, bytes, MAX_PIECE_BYTES), pieces.size(), place));
                    }
                    case ModelProto.TRAINER_SPEC_FIELD_NUMBER << 3
                                    | WireFormat.WIRETYPE_LENGTH_DELIMITED ->
                            trainer.mergeFrom(part(in, bytes, MAX_TRAINER_BYTES));
                    case ModelProto.NORMALIZER_SPEC_FIELD_NUMBER << 3
                                    | WireFormat.WIRETYPE_LENGTH_DELIMITED ->
                            normalizer.mergeFrom(part(in, bytes, MAX_NORMALIZER_BYTES));
                    case ModelProto.DENORMALIZER_SPEC_FIELD_NUMBER << 3
                                    | WireFormat.WIRETYPE_LENGTH_DELIMITED ->
                            denormalizer =
                                    Optional.of(
                                            NormalizerSpec.parseFrom(
                                                    part(in, bytes, MAX_NORMALIZER_BYTES)));
                    default -> {
                        if (!in.skipField(tag)) {
                            throw new InvalidProtocolBufferException("stray end of group");
                        }
                    }
                }
                start = in.getTotalBytesRead();
            }
        } catch (IOException e) {
            throw new MalformedException(
                    "%s: not a SentencePiece model: broken at byte %d (%s)"
                            .formatted(place, start, e.getMessage()),
                    "Give the tokenizer.model that sentencepiece wrote.",
                    e);
        }
        return new SentencePieceModel(
                place, pieces, trainer.build(), normalizer.build(), denormalizer);
    }

    private static CodedInputStream part(CodedInputStream in, byte[] bytes, int limit)
            throws IOException {
        int length = in.readRawVarint32();
        if (length < 0 || length > limit || length > bytes.length - in.getTotalBytesRead()) {
            throw new InvalidProtocolBufferException(
                    "a part of " + Integer.toUnsignedString(length) + " bytes");
        }
        CodedInputStream part = CodedInputStream.newInstance(bytes, in.getTotalBytesRead(), length);
        in.skipRawBytes(length);
        return part;
    }

    private static Piece piece(CodedInputStream in, int id, String place) throws IOException {
        var proto =
                ModelProto.SentencePiece.parseFrom(in, ExtensionRegistryLite.getEmptyRegistry());
        if (!proto.getPieceBytes().isValidUtf8()) {
            throw new MalformedException("%s: piece %d is not UTF-8".formatted(place, id));
        }
        if (!Float.isFinite(proto.getScore())) {
            throw new MalformedException(
                    "%s: piece %d has the score %s".formatted(place, id, proto.getScore()));
        }
        TokenType type = TokenType.ofCode(proto.getType().getNumber()).orElseThrow();
        return new Piece(proto.getPiece(), proto.getScore(), type);
    }

    private static Normalizer normalizer(NormalizerSpec spec, String place) {
        return new Normalizer(
                spec.getName(),
                Charsmap.parse(spec.getPrecompiledCharsmap().toByteArray(), place),
                spec.getAddDummyPrefix(),
                spec.getRemoveExtraWhitespaces(),
                spec.getEscapeWhitespaces());
    }

    /** The rules a model must obey; fills the index and gives the unknown piece's id. */
    private int check(String place) {
        int unknown = -1;
        int bytePieces = 0;
        for (int id = 0; id < pieces.size(); id++) {
            Piece piece = pieces.get(id);
            if (piece.text().isEmpty()) {
                throw new MalformedException("%s: piece %d is empty".formatted(place, id));
            }
            var sameKind = isOrdinary(piece.type()) ? ordinary : special;
            if (sameKind.putIfAbsent(piece.text(), id) != null) {
                throw new MalformedException(
                        "%s: piece %d repeats \"%s\"".formatted(place, id, piece.text()));
            }
            if (piece.type() == TokenType.UNKNOWN) {
                if (unknown >= 0) {
                    throw new MalformedException(
                            "%s: two unknown pieces, %d and %d".formatted(place, unknown, id));
                }
                unknown = id;
            }
            if (piece.type() == TokenType.BYTE) {
                if (BytePieces.valueOf(piece.text()) < 0) {
                    throw new MalformedException(
                            "%s: piece %d is a byte piece, but \"%s\" is no <0xNN>"
                                    .formatted(place, id, piece.text()));
                }
                bytePieces++;
            }
        }
        if (unknown < 0) {
            throw new MalformedException(
                    "%s: %d pieces and none of type unknown".formatted(place, pieces.size()),
                    "Give the tokenizer.model that sentencepiece wrote.");
        }
        if (bytePieces != (trainer.getByteFallback() ? 256 : 0)) {
            throw new MalformedException(
                    "%s: %d byte pieces, expected %s"
                            .formatted(
                                    place,
                                    bytePieces,
                                    trainer.getByteFallback()
                                            ? "256, since byte_fallback is set"
                                            : "none, since byte_fallback is not set"));
        }
        return unknown;
    }

    private static boolean isOrdinary(TokenType type) {
        return switch (type) {
            case NORMAL, USER_DEFINED, UNUSED -> true;
            case UNKNOWN, CONTROL, BYTE -> false;
        };
    }

    /** The pieces by id. Unmodifiable. */
    public List<Piece> pieces() {
        return pieces;
    }

    /** How text is cut. */
    public Algorithm algorithm() {
        return switch (trainer.getModelType()) {
            case UNIGRAM -> Algorithm.UNIGRAM;
            case BPE -> Algorithm.BPE;
            case WORD -> Algorithm.WORD;
            case CHAR -> Algorithm.CHAR;
        };
    }

    /** How text is normalized first. */
    public Normalizer normalizer() {
        return normalizer;
    }

    /** How decoded text is changed last, where the model says so. */
    public Optional<Normalizer> denormalizer() {
        return denormalizer;
    }

    /** Whether unknown characters become byte pieces; then all 256 are there. */
    public boolean byteFallback() {
        return trainer.getByteFallback();
    }

    /** Whether a space belongs to the end of the word before it. */
    public boolean whitespaceAsSuffix() {
        return trainer.getTreatWhitespaceAsSuffix();
    }

    /** What an unknown piece is decoded to. */
    public String unknownSurface() {
        return trainer.getUnkSurface();
    }

    /** The id of a piece's text: the special piece of that text, else the ordinary one. */
    public Optional<Integer> id(String text) {
        Integer found = special.get(text);
        return Optional.ofNullable(found != null ? found : ordinary.get(text));
    }

    /** The id of the piece for what no other piece matches. */
    public int unknownId() {
        return unknownId;
    }

    /** The id of the control piece that begins a text. */
    public Optional<Integer> bosId() {
        return control(trainer.getBosPiece());
    }

    /** The id of the control piece that ends a text. */
    public Optional<Integer> eosId() {
        return control(trainer.getEosPiece());
    }

    /** The id of the control piece that fills up a batch. */
    public Optional<Integer> padId() {
        return control(trainer.getPadPiece());
    }

    private Optional<Integer> control(String text) {
        return id(text).filter(id -> pieces.get(id).type() == TokenType.CONTROL);
    }
}
