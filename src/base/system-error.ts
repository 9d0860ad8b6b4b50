/** Errors of files, disks and addresses in words of a person who has never seen `ENOENT`. */

interface SystemError extends Error {
  code: string
  path?: string
  syscall?: string
  address?: string
  port?: number
  hostname?: string
}

/** Whether an error is one of the operating system (a file, a disk, an address), and no fault of a program. */
export function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}

/** Whether an error says that there is no such file or folder. */
export const isMissing = (error: unknown): boolean => isSystemError(error) && ['ENOENT', 'ENOTDIR'].includes(error.code)

/** What happened and what to do; by the code of the error (errno(3)). `of` begins with the file, where there is one. */
const texts: Record<string, (of: string, error: SystemError) => string> = {
  ENOENT: (of) => `${of}there is no such file or folder`,
  EACCES: (of) => `${of}this user may not read or write it`,
  EPERM: (of) => `${of}this user may not do that`,
  EEXIST: (of) => `${of}a file of that name is in the way`,
  ENOTDIR: (of) => `${of}a part of this path is a file, and no folder`,
  EISDIR: (of) => `${of}this is a folder; a file is wanted`,
  ENOTEMPTY: (of) => `${of}the folder is not empty`,
  ENAMETOOLONG: (of) => `${of.slice(0, 100)}… the name is too long`,
  ELOOP: (of) => `${of}links that lead in a circle`,
  ENOSPC: (of) => `${of}the disk is full; nothing more can be written`,
  EDQUOT: (of) => `${of}the share of the disk that this user has is full; nothing more can be written`,
  EFBIG: (of) => `${of}the file is larger than this file system allows`,
  EROFS: (of) => `${of}this can only be read, not written`,
  EIO: (of) => `${of}the disk does not work (input/output error)`,
  EMFILE: (of) => `${of}too many files are open; raise the limit of open files (ulimit -n)`,
  ENFILE: (of) => `${of}too many files are open on this machine`,
  EADDRINUSE: (_, { port, address }) =>
    `port ${port} of ${address} is in use by another program; end it, or set PORT to another one (0 takes a free one)`,
  EADDRNOTAVAIL: (_, { address }) =>
    `${address} is no address of this machine; set HOST to one of its own, or to 0.0.0.0 for all`,
  ENOTFOUND: (_, { hostname }) => `${hostname} is no name that this machine knows`,
  EAI_AGAIN: (_, { hostname }) => `the name ${hostname} cannot be looked up now`,
}

/**
 * An error of the operating system in plain words, with the file or address it is about.
 * @returns undefined for an error of any other kind, whose own message has to do
 */
export function systemErrorText(error: unknown): string | undefined {
  if (!isSystemError(error)) return undefined
  const { code, path, syscall, port } = error
  if (syscall === 'listen' && (code === 'EACCES' || code === 'EPERM'))
    return `this user may not listen on port ${port}; set PORT to a number from 1024 on`
  const of = path === undefined ? '' : `${path}: `
  return texts[code]?.(of, error) ?? `${of}${error.message}`
}

/** The text of any error: of the operating system in plain words, else its own message. */
export const errorText = (error: unknown): string =>
  systemErrorText(error) ?? (error instanceof Error ? error.message : String(error))
