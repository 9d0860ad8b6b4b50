import type { Command } from 'commander'
import { readConfig } from '../../config.ts'
import { dataFolders, wholeFolders } from '../../server/data-files.ts'
import { restoreBackup } from '../../storage/backup/restore.ts'
import { openStore } from '../../storage/open.ts'
import { progressBar } from '../progress.ts'

/** `vidimus restore <file>`: a backup in place of what is there, whole or not at all. */
export function addRestore(program: Command): void {
  program
    .command('restore')
    .description('brings a backup back into an empty store, all of it or nothing; the server must not run')
    .argument('<file>', 'file that `vidimus backup` made')
    .option('--replace', 'in place of a store that holds something; what was there is kept beside it')
    .action(async (path: string, { replace = false }: { replace?: boolean }) => {
      const { storageUrl, dataDir } = readConfig()
      const store = await openStore(storageUrl, { dataDir })
      const folders = Object.fromEntries(Object.entries(dataFolders).map(([name, { restored }]) => [name, restored]))
      const bar = progressBar('Restore')
      const progress = (done: number, total: number) => bar.show(done, total)
      const wanted = { path, store, dataDir, folders, whole: wholeFolders, replace, progress }
      const restored = await restoreBackup(wanted).finally(() => bar.end())
      const { about, counts, before, stayed, aside } = restored
      const { versions, records, files, contents } = counts
      console.log(
        `${store.name}: revision ${about.revision} of ${about.taken}, ${versions} versions, ${records} records, ${files} files; contents ${contents}`,
      )
      if (before !== undefined)
        console.log(`What was there before lies in ${before}; take it away when you do not need it.`)
      for (const each of aside)
        console.log(`The history of the trust lists that was there lies in ${each}; that of the backup counts.`)
      if (stayed.length > 0) console.log(`Not taken from the backup, for newer copies are there: ${stayed.join(', ')}`)
    })
}
