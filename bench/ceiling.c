// The most float32 operations that one core can do in 128-bit SIMD: loops of nothing but independent instructions.
// Usage: ceiling MILLISECONDS → {"mulAdd": GFLOP/s, "fma": GFLOP/s}, the best of many short runs; null where unknown.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef float vector __attribute__((vector_size(16)));

// Inline assembly names every instruction, so that the compiler can neither drop, fuse nor widen one.
#if defined(__x86_64__)
#define MUL(product, x, y) __asm__ volatile("vmulps %2, %1, %0" : "=x"(product) : "x"(x), "x"(y))
#define ADD(sum, product) __asm__ volatile("vaddps %1, %0, %0" : "+x"(sum) : "x"(product))
#define FMA(sum, x, y) __asm__ volatile("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(x), "x"(y))
#define HAS_MUL_ADD __builtin_cpu_supports("avx")
#define HAS_FMA __builtin_cpu_supports("fma")
#elif defined(__aarch64__)
#define MUL(product, x, y) __asm__ volatile("fmul %0.4s, %1.4s, %2.4s" : "=w"(product) : "w"(x), "w"(y))
#define ADD(sum, product) __asm__ volatile("fadd %0.4s, %0.4s, %1.4s" : "+w"(sum) : "w"(product))
#define FMA(sum, x, y) __asm__ volatile("fmla %0.4s, %1.4s, %2.4s" : "+w"(sum) : "w"(x), "w"(y))
#define HAS_MUL_ADD 1
#define HAS_FMA 1
#else
#error "no 128-bit instructions known for this processor"
#endif

enum { ACCUMULATORS = 12, TURNS = 250000 };
static const double FLOPS = 2.0 * 4 * ACCUMULATORS * TURNS;

// Twelve sums by name, so that each stays in a register; fewer would wait for one another.
#define EACH_ACCUMULATOR(DO) DO(c0) DO(c1) DO(c2) DO(c3) DO(c4) DO(c5) DO(c6) DO(c7) DO(c8) DO(c9) DO(c10) DO(c11)
#define DECLARE(c) vector c = {0};
#define STEP_MUL_ADD(c) { vector product; MUL(product, x, y); ADD(c, product); }
#define STEP_FMA(c) FMA(c, x, y);

static void mul_add(vector x, vector y) {
  EACH_ACCUMULATOR(DECLARE)
  for (int turn = 0; turn < TURNS; turn++) { EACH_ACCUMULATOR(STEP_MUL_ADD) }
}

static void fused(vector x, vector y) {
  EACH_ACCUMULATOR(DECLARE)
  for (int turn = 0; turn < TURNS; turn++) { EACH_ACCUMULATOR(STEP_FMA) }
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

static double gflops(void (*loop)(vector, vector), double duration) {
  const vector x = {0.5f, 0.5f, 0.5f, 0.5f}, y = {0.25f, 0.25f, 0.25f, 0.25f};
  const double end = seconds() + duration;
  double best = 1e30;
  for (double start = seconds(); start < end;) {
    loop(x, y);
    const double stop = seconds();
    if (stop - start < best) best = stop - start;
    start = stop;
  }
  return FLOPS / best / 1e9;
}

static void print(const char *name, int supported, void (*loop)(vector, vector), double duration, const char *after) {
  if (supported) printf("\"%s\": %.2f%s", name, gflops(loop, duration), after);
  else printf("\"%s\": null%s", name, after);
}

int main(int count, char **arguments) {
  const double duration = (count > 1 ? atof(arguments[1]) : 200) / 2000;
  printf("{");
  print("mulAdd", HAS_MUL_ADD, mul_add, duration, ", ");
  print("fma", HAS_FMA, fused, duration, "}\n");
  return 0;
}
