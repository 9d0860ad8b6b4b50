import { safeRegex as compile, RegexError, type SafeRegex } from '../base/regex/regex.ts'
import { unprocessable } from './error.ts'

/** A checked pattern (base/regex/regex.ts) for requests; it and its methods throw FhirError 422 where the pattern is not run. */
export function safeRegex(pattern: string, flags = ''): SafeRegex {
  const regex = told(() => compile(pattern, flags))
  return {
    test: (text) => told(() => regex.test(text)),
    split: (text) => told(() => regex.split(text)),
    [Symbol.replace]: (text, replacement) => told(() => regex[Symbol.replace](text, replacement)),
  }
}

function told<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw error instanceof RegexError ? unprocessable(error.message, error.code) : error
  }
}
