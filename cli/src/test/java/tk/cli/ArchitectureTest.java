package tk.cli;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The walls inside and between the modules that module-info.java cannot draw. */
class ArchitectureTest {
    private static final JavaClasses TK =
            new ClassFileImporter()
                    .importPaths(
                            List.of(
                                            "formats",
                                            "quantize",
                                            "convert",
                                            "verify",
                                            "Modelfile-templates",
                                            "cli")
                                    .stream()
                                    .map(module -> Path.of("..", module, "target", "classes"))
                                    .toList());

    @Test
    void findsTheClasses() {
        assertThat(TK.size()).isGreaterThan(100);
    }

    @Test
    void verifyKnowsNothingOfConvert() {
        noClasses()
                .that()
                .resideInAPackage("tk.verify..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("tk.convert..")
                .check(TK);
    }

    @Test
    void convertAndQuantizeDoNotKnowEachOther() {
        noClasses()
                .that()
                .resideInAPackage("tk.convert..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("tk.quantize..")
                .check(TK);
        noClasses()
                .that()
                .resideInAPackage("tk.quantize..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("tk.convert..")
                .check(TK);
    }

    @Test
    void onlyFormatsSeesTheLibraries() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "tk.quantize..",
                        "tk.convert..",
                        "tk.verify..",
                        "tk.modelfile..",
                        "tk.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "com.fasterxml..",
                        "com.google.protobuf..",
                        "org.apache.commons..",
                        "ai.djl..")
                .check(TK);
    }

    @Test
    void onlyQuantizeAndTheForwardPassUseTheVectorApi() {
        noClasses()
                .that(
                        not(resideInAPackage("tk.quantize.."))
                                .and(not(resideInAPackage("tk.verify.reference.."))))
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.incubator.vector..")
                .check(TK);
    }

    @Test
    void onlyTheCommandLinePrintsAndExits() {
        noClasses()
                .that()
                .resideOutsideOfPackage("tk.cli..")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethod(System.class, "exit", int.class)
                .orShould()
                .callMethod(System.class, "getenv", String.class)
                .check(TK);
    }

    @Test
    void nothingIsFormattedByTheLocaleOfTheMachine() {
        noClasses()
                .should()
                .callMethod(String.class, "toUpperCase")
                .orShould()
                .callMethod(String.class, "toLowerCase")
                .orShould()
                .callMethod(String.class, "format", String.class, Object[].class)
                .check(TK);
        assertThat("int8".toUpperCase(Locale.ROOT)).isEqualTo("INT8");
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("tk.(**)").should().beFreeOfCycles().check(TK);
    }
}
