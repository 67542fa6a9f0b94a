package tk.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Texts that tokenizers trip over. */
final class HostileTexts {
    private HostileTexts() {}

    /** A few thousand texts, the same every time. */
    static List<String> all() {
        List<String> texts =
                new ArrayList<>(
                        List.of(
                                "",
                                " ",
                                "  ",
                                "\t\n\r\n \u000b\f",
                                "\u00a0\u3000\u2581 \u2581\u2581x",
                                "<s></s><unk> <s>a</s> <<s>> <|x|>",
                                "<0x0A><0x41><0xZZ>",
                                "â î û ğ ş İ ı I i Â",
                                "I\u0307 i\u0307 \u0130\u0307",
                                "e\u0301\u0301\u0301 a\u030a A\u030a \u212b",
                                "\ufb01\u2126\u00bd\u2474\u3392 \uff21\uff22\u30ab\u309b",
                                "\u200b\u200d\ufeff\u00ad\u2028\u2029\u0085",
                                "🙂👩\u200d👩\u200d👧\u200d👦🏳\ufe0f\u200d🌈 🇹🇷",
                                "\ud834\udd1e \ud83d\udca9\ud83d\udca9",
                                "\u0001\u0002\u007f\u009f\ufffd\uffff",
                                "مرحبا بالعالم שלום 你好世界 こんにちは 안녕하세요 ภาษาไทย हिन्दी",
                                "We've I'LL he's it'S 'tis '' ' s don't",
                                "1 12 123 1234 12345 ٣ ½ Ⅷ ²",
                                "a".repeat(5000),
                                " ".repeat(3000),
                                "ab ".repeat(2000),
                                "\n".repeat(600),
                                "0".repeat(1000),
                                "=".repeat(1000) + "\n" + "-".repeat(999)));
        Random random = new Random(5);
        int[] alphabet =
                "  \t\n\r'\"<>|/.,!?-_0123456789abcçdeğıİiöşüÂâîA BCZ\u00a0\u2581\u0301\u200dñλжאع中あ한🙂\ufb01\u2009½²"
                        .codePoints()
                        .toArray();
        for (int i = 0; i < 3000; i++) {
            StringBuilder text = new StringBuilder();
            int length = random.nextInt(40);
            for (int j = 0; j < length; j++) {
                int c =
                        random.nextInt(12) == 0
                                ? random.nextInt(0x30000)
                                : alphabet[random.nextInt(alphabet.length)];
                boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
                text.appendCodePoint(surrogate || c == 0 ? 'x' : c);
            }
            texts.add(text.toString());
        }
        return texts;
    }
}
