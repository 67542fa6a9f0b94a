package tk.filekind;

/** Tells two kinds of protobuf files apart by how they begin; protobuf itself has no signature. */
final class ProtobufKind {
    private ProtobufKind() {}

    /**
     * ONNX's ModelProto begins with {@code ir_version} (field 1, a small varint), then names the
     * producer, the operator sets or the graph.
     */
    static boolean isOnnx(byte[] head) {
        if (head.length < 4 || head[0] != 0x08 || head[1] < 1 || head[1] > 64) return false;
        return switch (head[2]) {
            // producer_name, producer_version, domain: short texts
            case 0x12, 0x1a, 0x22 -> isShortText(head, 3);
            // doc_string, graph, opset_import
            case 0x32, 0x3a, 0x42 -> head.length > 16;
            default -> false;
        };
    }

    /**
     * SentencePiece's ModelProto begins with its pieces (field 1), each beginning with its text.
     */
    static boolean isSentencePiece(byte[] head) {
        return head.length > 8
                && head[0] == 0x0a
                && head[1] > 2
                && head[2] == 0x0a
                && isShortText(head, 3)
                && head[3] + 4 < head.length
                // The score follows as a 32-bit float, or the piece ends.
                && (head[4 + head[3]] == 0x15 || head[1] == head[3] + 2);
    }

    private static boolean isShortText(byte[] head, int lengthAt) {
        int length = head[lengthAt];
        if (length < 0 || lengthAt + 1 + length > head.length) return false;
        for (int i = 0; i < length; i++) {
            int c = head[lengthAt + 1 + i] & 0xff;
            if (c < 0x20 || c == 0x7f) return false;
        }
        return true;
    }
}
