import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { errorText } from '../../base/system-error.ts'
import { readConfig } from '../../config.ts'
import { loggedImports } from '../../publish/import/log.ts'
import { contentsOf } from '../../storage/backup/contents.ts'
import { BackupError } from '../../storage/backup/format.ts'
import { migrateStore } from '../../storage/backup/migrate.ts'
import { openStorage, openStore, openThereStore } from '../../storage/open.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { progressBar } from '../progress.ts'
import { addRemove } from './remove.ts'

/** `vidimus storage check | migrate | imports`: looks after a store. */
export function addStorage(program: Command, result: CommandResult): void {
  const storage = program.command('storage').description('looks after a store')
  storage
    .command('check')
    .description(
      'reads everything of a store and makes its search entries once more; exit status 1 when something does not fit',
    )
    .argument('[url]', 'store, as in STORAGE_URL, or @<file> that holds it; by default that of the configuration')
    .action(async (url?: string) => {
      if (!(await check(url))) result.exitCode = exitCodes.negative
    })
  storage
    .command('migrate')
    .description(
      'copies a store with its whole history into one that is empty or not there yet; when it was interrupted, it is simply begun again',
    )
    .argument('<from>', 'store, as in STORAGE_URL, or @<file> that holds it; the server may run')
    .argument('<to>', 'store that is made, in the same way')
    .action(migrate)
  storage.command('imports').description('what `vidimus import` has stored, and when').action(imports)
  addRemove(storage)
  for (const command of storage.commands) command.exitOverride()
}

/** The URL of an argument, which everybody on the machine may read, or of the file that it names after `@`. @throws BackupError */
export function storeUrl(argument: string): string {
  if (!argument.startsWith('@')) return argument
  const file = argument.slice(1)
  let url: string
  try {
    url = readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new BackupError(`The file of a store's URL cannot be read: ${errorText(error)}`)
  }
  if (url === '') throw new BackupError(`The file of a store's URL, ${file}, is empty.`)
  return url
}

async function check(url: string | undefined): Promise<boolean> {
  const { storageUrl, dataDir } = readConfig()
  const store = await openThereStore(url === undefined ? storageUrl : storeUrl(url), { dataDir })
  const bar = progressBar('Check')
  let faults = 0
  try {
    for await (const fault of store.faults((done, total) => bar.show(done, total))) {
      faults++
      bar.end()
      console.log(`✗ ${fault}`)
    }
  } finally {
    bar.end()
  }
  const snapshot = await store.snapshot()
  try {
    const { contents, versions } = await contentsOf(snapshot)
    console.log(`${store.name}: revision ${snapshot.revision}, ${versions} versions; contents ${contents}`)
  } finally {
    await snapshot.close()
  }
  console.log(faults === 0 ? '✓ everything fits together' : `${faults} faults`)
  return faults === 0
}

async function imports(): Promise<void> {
  const { storageUrl, dataDir } = readConfig()
  const storage = await openStorage(storageUrl, { dataDir })
  try {
    for (const { at, name, version, entries } of await loggedImports(storage.records)) {
      const counts = Object.entries(entries).map(([status, count]) => `${count} ${status}`)
      console.log([at, name, version, counts.join(', ')].filter(Boolean).join('  '))
    }
  } finally {
    await storage.close()
  }
}

async function migrate(from: string, to: string): Promise<void> {
  const { dataDir } = readConfig()
  const source = await openThereStore(storeUrl(from), { dataDir })
  const target = await openStore(storeUrl(to), { dataDir })
  const bar = progressBar('Copy')
  const progress = (done: number, total: number) => bar.show(done, total)
  const { revision, versions, records, contents } = await migrateStore(source, target, progress).finally(() =>
    bar.end(),
  )
  console.log(`${target.name}: revision ${revision}, ${versions} versions, ${records} records; contents ${contents}`)
}
