package tk.modelfile;

import tk.tokenizer.ChatTemplates;
import tk.tokenizer.GgufTokenizer;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.TokenType;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/** Small vocabularies with every byte and the special tokens of all families. */
final class Vocabularies {
    private Vocabularies() {}

    /** SentencePiece with these special tokens after {@code <unk>}, {@code <s>}, {@code </s>}. */
    static GgufTokenizer sentencePiece(boolean addsBos, List<String> specials) {
        List<Token> tokens = new ArrayList<>();
        tokens.add(new Token("<unk>", 0, TokenType.UNKNOWN));
        tokens.add(new Token("<s>", 0, TokenType.CONTROL));
        tokens.add(new Token("</s>", 0, TokenType.CONTROL));
        for (int b = 0; b < 256; b++)
            tokens.add(new Token("<0x%02X>".formatted(b), 0, TokenType.BYTE));
        tokens.add(new Token("\u2581", -1, TokenType.NORMAL));
        for (char c = '!'; c <= '~'; c++)
            tokens.add(new Token(Character.toString(c), -2, TokenType.NORMAL));
        tokens.add(new Token("\u2581[", -3, TokenType.NORMAL));
        tokens.add(new Token("\u2581\u2581", -4, TokenType.NORMAL));
        for (String special : specials) tokens.add(new Token(special, 0, TokenType.CONTROL));
        SequencedMap<String, Integer> ids = new LinkedHashMap<>();
        ids.put("bos", 1);
        ids.put("eos", 2);
        ids.put("unk", 0);
        SequencedMap<String, Boolean> added = new LinkedHashMap<>();
        added.put("bos", addsBos);
        added.put("eos", false);
        GgufVocabulary vocabulary =
                new GgufVocabulary(
                        GgufVocabulary.SPM,
                        Optional.empty(),
                        tokens,
                        true,
                        List.of(),
                        ids,
                        added,
                        Optional.of(true),
                        new LinkedHashMap<>(),
                        ChatTemplates.NONE);
        return GgufTokenizer.of(vocabulary, "test");
    }

    /** With the special tokens of every family. */
    static PromptTokens all(boolean addsBos) {
        List<String> specials =
                PromptTemplate.all().stream()
                        .flatMap(template -> template.tokens().stream())
                        .distinct()
                        .toList();
        return PromptTokens.of(sentencePiece(addsBos, specials));
    }
}
