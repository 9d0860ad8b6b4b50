/** Folders in TMPDIR for what must wait while a release is read: gigabytes, which a process that was killed leaves there. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { removeLeftBehind } from './left-behind.ts'

/** A folder of this process. */
export interface WorkFolder {
  path: string
  /** Removes it with all that is in it. */
  close(): void
}

const beginning = 'vidimus-release-'

/** Folders that this process works in. */
const inWork = new Set<string>()

/** Makes an empty one. @throws the error of the operating system */
export function workFolder(): WorkFolder {
  const path = mkdtempSync(join(tmpdir(), `${beginning}${process.pid}-`))
  inWork.add(basename(path))
  return {
    path,
    close: () => {
      inWork.delete(basename(path))
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** Removes those of processes that are no more. */
export const removeLeftWork = (): Promise<void> =>
  removeLeftBehind(tmpdir(), {
    pidOf: (name) => {
      const pid = name.startsWith(beginning) ? /^(\d+)-/.exec(name.slice(beginning.length))?.[1] : undefined
      return pid === undefined ? undefined : Number(pid)
    },
    isInWork: (name) => inWork.has(name),
  })
