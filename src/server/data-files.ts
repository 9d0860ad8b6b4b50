/** What lies in DATA_DIR beside the store, and what becomes of it in a backup and a restore. */
import { existsSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { INDEXES_FOLDER } from '../packages/large-code-system/code-system-index.ts'
import { isFileName } from '../storage/backup/format.ts'
import type { WholeFolder } from '../storage/backup/restore.ts'
import type { BackupFile } from '../storage/backup/write-backup.ts'
import { historyFiles } from '../trust/history/history-files.ts'
import { closeRestored } from '../trust/history/restored.ts'

/** Folder of the history of the trust lists, below DATA_DIR. */
export const HISTORY_FOLDER = 'trust/history'

/** What becomes of the files of a folder. */
interface DataFolder {
  /** Private keys: only when it is asked for. */
  isSecret: boolean
  /** At a restore: a copy of a trust list that is there stays, for the one of the backup may be older than what it withdrew since. */
  restored: 'stays' | 'is replaced'
}

/** Folders of DATA_DIR whose files cannot be made anew. Demonstration keys (`demo`) can. */
export const dataFolders: Readonly<Record<string, DataFolder>> = {
  [INDEXES_FOLDER]: { isSecret: false, restored: 'is replaced' },
  trust: { isSecret: false, restored: 'stays' },
  keys: { isSecret: true, restored: 'is replaced' },
}

/** The history of the trust lists comes back whole: what it tells is of the store that comes back with it. */
export const wholeFolders: readonly WholeFolder[] = [
  { name: HISTORY_FOLDER, finish: (folder, time) => closeRestored(historyFiles(folder), time) },
]

/** Files of DATA_DIR that belong to a backup; what is still being made has a hidden name or a temporary one, and does not. */
export function dataFiles(dataDir: string, { withKeys }: { withKeys: boolean }): BackupFile[] {
  const folders = Object.keys(dataFolders).filter((name) => withKeys || !dataFolders[name]?.isSecret)
  return folders.flatMap((folder) => {
    const at = join(dataDir, folder)
    if (!existsSync(at)) return []
    const found = readdirSync(at, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
    const paths = found.map((each) => join(each.parentPath, each.name)).sort()
    return paths
      .map((path) => ({ path, name: relative(dataDir, path).split(sep).join('/') }))
      .filter(({ name }) => isFileName(name, folders) && !name.endsWith('.tmp'))
  })
}
