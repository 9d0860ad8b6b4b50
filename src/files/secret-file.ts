import { statSync } from 'node:fs'

/**
 * What is wrong with the permissions of a file that holds a secret: one that others of the machine can use is none. Undefined when
 * nothing is, and on Windows, whose permissions are not in the mode.
 * @throws the error of the operating system
 */
export function secretFileProblem(file: string): string | undefined {
  if (process.platform === 'win32') return undefined
  const mode = statSync(file).mode & 0o777
  if ((mode & 0o077) === 0) return undefined
  const told = mode.toString(8).padStart(4, '0')
  return `${file}: its group or others may use it (mode ${told}); it must be its owner's alone (chmod 600)`
}
