/** JavaScript that is generated: what others wrote enters it as numbered constants, never as text. */

/** Constants of one program, by number: generated code names them `k0`, `k1` … */
export interface Constants {
  /** The name of a constant; the same for the same value. */
  of(value: unknown): string
  /** In the order of their numbers. */
  values: unknown[]
}

/** Text of generated code, and what it is made of. */
export interface GeneratedCode {
  /** Body of a function of the constants (`k`) and of what it calls (`h`), which gives the function that is wanted. */
  text: string
  constants: readonly unknown[]
}

/** An empty pool. */
export function createConstants(): Constants {
  const names = new Map<unknown, string>()
  const values: unknown[] = []
  return {
    values,
    of(value) {
      const known = names.get(value)
      if (known !== undefined) return known
      const name = `k${values.push(value) - 1}`
      names.set(value, name)
      return name
    },
  }
}

/** The lines with which code begins: what it calls, and its constants, by their names. */
export const preamble = (runtime: object, { length }: readonly unknown[]): string => `"use strict";
const { ${Object.keys(runtime).join(', ')} } = h;
const [${Array.from({ length }, (_, index) => `k${index}`).join(', ')}] = k;
`

/**
 * The function that code is.
 * @param runtime what the code calls; the type is that of what its text gives
 * @returns undefined where the process was started with `--disallow-code-generation-from-strings`
 */
export function evaluateCode<T>({ text, constants }: GeneratedCode, runtime: object): T | undefined {
  try {
    return new Function('k', 'h', text)(constants, runtime)
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}
