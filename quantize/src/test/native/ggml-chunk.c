/*
 * Answers GgmlProgram's requests with a libggml-base that the tests' JVM cannot load itself (one
 * that needs another libc, say). Build and use:
 *
 *   gcc -O1 -o ggml-chunk ggml-chunk.c -ldl
 *   export TK_GGML_CHUNK="/path/to/its/ld-linux-x86-64.so.2 --library-path /its/libs ./ggml-chunk /its/libs/libggml-base.so.0"
 *
 * Request, on stdin, in the machine's byte order: int32 type (-1 ends), rows, columns, weighted (0
 * or 1), bytes of the result; rows * columns floats; columns floats more where weighted. Answer, on
 * stdout: the bytes that ggml_quantize_chunk wrote.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct init_params {
    size_t mem_size;
    void *mem_buffer;
    bool no_alloc;
};

static void *symbol(void *library, const char *name) {
    void *address = dlsym(library, name);
    if (!address) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return address;
}

static void read_all(void *into, size_t size, size_t count) {
    if (fread(into, size, count, stdin) != count) exit(1);
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    void *library = dlopen(argv[1], RTLD_NOW);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    void *(*init)(struct init_params) = symbol(library, "ggml_init");
    size_t (*quantize)(int, const float *, void *, int64_t, int64_t, int64_t, const float *) =
        symbol(library, "ggml_quantize_chunk");
    init((struct init_params){1 << 16, NULL, false});
    for (;;) {
        int32_t request[5];
        read_all(request, sizeof(int32_t), 1);
        if (request[0] < 0) return 0;
        read_all(request + 1, sizeof(int32_t), 4);
        size_t values = (size_t)request[1] * request[2];
        float *x = malloc(values * sizeof(float));
        float *weights = malloc(request[2] * sizeof(float));
        char *into = malloc(request[4]);
        read_all(x, sizeof(float), values);
        if (request[3]) read_all(weights, sizeof(float), request[2]);
        size_t written = quantize(
            request[0], x, into, 0, request[1], request[2], request[3] ? weights : NULL);
        if (written != (size_t)request[4]) return 1;
        fwrite(into, 1, written, stdout);
        fflush(stdout);
        free(x);
        free(weights);
        free(into);
    }
}
