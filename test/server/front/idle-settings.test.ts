import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, it } from 'node:test'
import { readConfig } from '../../../src/config.ts'
import { idleSettings } from '../../../src/server/front/idle-settings.ts'

interface Case {
  name: string
  set: Record<string, string>
  /** Parts of the lines, in their order. */
  told: string[]
}

const cases: Case[] = JSON.parse(readFileSync(new URL('cases/idle-settings.json', import.meta.url), 'utf8'))

describe('settings that have no effect as the others stand', () => {
  for (const { name, set, told } of cases)
    it(name, () => {
      const lines = idleSettings(readConfig({ DATA_DIR: tmpdir(), ...set }))
      assert.equal(lines.length, told.length, lines.join('\n'))
      for (const [at, part] of told.entries()) assert.ok(lines[at]?.includes(part), lines[at])
    })
})
