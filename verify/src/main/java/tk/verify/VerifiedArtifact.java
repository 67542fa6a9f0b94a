package tk.verify;

import tk.error.VerificationException;

import java.nio.file.Path;

/**
 * A file or folder of which it is proven that it is the model it was made from.
 *
 * <p>There is no other way to one than a {@link Verification} that passed, and what asks for a
 * {@code VerifiedArtifact} therefore cannot be called without one. The proof is about bytes: they
 * are read from disk and hashed again whenever an instance is made.
 */
public final class VerifiedArtifact {
    private final Verification verification;
    private final Path path;

    private VerifiedArtifact(Verification verification, Path path) {
        this.verification = verification;
        this.path = path;
    }

    /**
     * The candidate of a verification.
     *
     * @throws VerificationException where it did not pass, or the bytes on disk are no longer those
     *     that were verified
     */
    public static VerifiedArtifact of(Verification verification) {
        return at(verification, verification.candidate().path());
    }

    /**
     * The same bytes at another place, after a rename or a copy.
     *
     * @throws VerificationException where the bytes there are others
     */
    public VerifiedArtifact movedTo(Path newPath) {
        return at(verification, newPath);
    }

    private static VerifiedArtifact at(Verification verification, Path path) {
        verification.requirePass();
        String expected = verification.candidate().sha256();
        String found = verification.candidate().readAgainAt(path).sha256();
        if (!found.equals(expected)) {
            throw new VerificationException(
                    "%s: changed after it was verified: sha256 %s, expected %s"
                            .formatted(path, found, expected),
                    "Nothing else may write there; run the command again.");
        }
        return new VerifiedArtifact(verification, path);
    }

    /** The file or folder. */
    public Path path() {
        return path;
    }

    /** Of the bytes, as {@link Subject#sha256()} defines it. */
    public String sha256() {
        return verification.candidate().sha256();
    }

    /** Its size in bytes. */
    public long bytes() {
        return verification.candidate().bytes();
    }

    /** The verification that passed. */
    public Verification verification() {
        return verification;
    }
}
