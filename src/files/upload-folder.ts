import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** An upload that is older was left by a process that is no more. */
const mostMilliseconds = 24 * 3_600_000

/** Folder of files that come with requests; what others have left there long ago is removed. */
export function uploadFolder({ dataDir }: { dataDir: string }, now: () => Date): string {
  const folder = join(dataDir, 'uploads')
  for (const name of readdirSync(dataDir).includes('uploads') ? readdirSync(folder) : []) {
    const path = join(folder, name)
    if (now().getTime() - statSync(path).mtimeMs > mostMilliseconds) rmSync(path, { force: true })
  }
  return folder
}
