import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { beginFile } from '../../files/growing-file.ts'
import { bringSharedIndexes } from '../../server/content/shared-indexes.ts'
import { dataFiles } from '../../server/data-files.ts'
import { software } from '../../server.ts'
import { BackupError } from '../../storage/backup/format.ts'
import { writeBackup } from '../../storage/backup/write-backup.ts'
import { openThereStore } from '../../storage/open.ts'
import { progressBar } from '../progress.ts'

/** `vidimus backup <file>`: the store at one revision and the files beside it, while the server runs. */
export function addBackup(program: Command): void {
  program
    .command('backup')
    .description(
      'writes the whole store, at one revision, and what cannot be made anew of DATA_DIR into one file; the server may run',
    )
    .argument('<file>', 'file that is made; only its owner may read it')
    .option('--with-keys', 'also the private keys in DATA_DIR')
    .option('--replace', 'in place of a file that is there')
    .action(async (path: string, { withKeys = false, replace = false }: { withKeys?: boolean; replace?: boolean }) => {
      if (existsSync(path) && !replace)
        throw new BackupError(`${path} is there already; with --replace it is written anew.`)
      await backup(path, { withKeys, replace })
    })
}

async function backup(path: string, { withKeys, replace }: { withKeys: boolean; replace: boolean }): Promise<void> {
  const config = readConfig()
  const { storageUrl, dataDir } = config
  const store = await openThereStore(storageUrl, { dataDir })
  const snapshot = await store.snapshot()
  try {
    // After the store: an index is shared before its code system is stored, so that what the snapshot names is there now.
    await bringSharedIndexes(config)
    const file = await beginFile(path)
    const bar = progressBar('Backup')
    try {
      // After the store: what it names in these folders is there before it is named.
      const files = dataFiles(dataDir, { withKeys })
      const about = {
        software: `${software.name} ${software.version}`,
        taken: new Date().toISOString(),
        revision: snapshot.revision,
        keys: withKeys,
      }
      const progress = (done: number, total: number) => bar.show(done, total)
      const counts = await writeBackup(file.write, { about, snapshot, files, progress })
      await file.finish(replace)
      bar.end()
      const { versions, records, files: number, contents } = counts
      console.log(
        `${path}: revision ${about.revision}, ${versions} versions, ${records} records, ${number} files; contents ${contents}`,
      )
      if (withKeys) console.log('It holds private keys: keep it as safe as these.')
    } finally {
      bar.end()
      await file.abandon()
    }
  } finally {
    await snapshot.close()
  }
}
