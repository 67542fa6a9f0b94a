package tk.cli;

import picocli.CommandLine.IVersionProvider;

import tk.quantize.Kernels;

/** What {@code tk --version} prints. */
final class VersionText implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {
            "tk " + Version.TK,
            "JDK " + Runtime.version() + " (" + System.getProperty("java.vendor") + ")",
            "kernels: " + Kernels.describe(),
        };
    }
}
