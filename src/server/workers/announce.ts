/** How trust lists stand is told to the workers that follow, and of the time in which not all had followed nothing is told as of a moment. */
import { join } from 'node:path'
import { errorText } from '../../base/system-error.ts'
import type { Config } from '../../config.ts'
import { closedName, writeGap } from '../../trust/history/gaps.ts'
import { historyFiles } from '../../trust/history/history-files.ts'
import type { Standing } from '../../trust/standing.ts'
import type { Trust } from '../../trust/trust.ts'
import type { SourceNews } from '../../workers/serving/protocol.ts'
import { HISTORY_FOLDER } from '../data-files.ts'
import type { Tell } from '../front/log.ts'
import { openServerHistory, type ServerHistory } from '../past/as-of.ts'
import type { Together } from './together.ts'
import { followSeconds } from './worker.ts'

type Remember = (standing: Standing) => Promise<() => Promise<void>>

/** What is announced, and to whom. */
export interface Announcing {
  /** As a history of trust lists is told; the others are told when it counts. */
  remember: Remember
  /** From now on, as the lead, what counts is kept and told. */
  begin(trust: Pick<Trust, 'news'>): Promise<void>
}

interface AnnounceParts {
  config: Config
  together: Together
  software: string
  now(): Date
  tell: Tell
}

/** The history of a server, of which the lead keeps what all count. */
export function openAnnouncedHistory(parts: AnnounceParts): Announcing & Pick<ServerHistory, 'history'> {
  const { history, ...keeping } = openServerHistory(parts.config, parts)
  return { history, ...announcing(parts, keeping) }
}

function announcing(
  { config, together, now, tell }: AnnounceParts,
  keeping: Omit<ServerHistory, 'history'>,
): Announcing {
  const files = historyFiles(join(config.dataDir, HISTORY_FOLDER))
  const { sources } = together
  let trust: Pick<Trust, 'news'> | undefined
  let told: string | undefined
  let turn: Promise<void> = Promise.resolve()
  /** Marks that from now on not all of them may answer by the same lists. */
  const mark = async (): Promise<(() => Promise<void>) | undefined> => {
    if (config.trustHistory.days === undefined) return undefined
    const since = now()
    const name = closedName({ since: since.toISOString() })
    const put = (until: Date) =>
      files.putGap(name, writeGap({ since: since.toISOString(), until: until.toISOString() }))
    await put(new Date(since.getTime() + followSeconds * 1000))
    return () => put(now())
  }
  const announce = (news: SourceNews[], marked: Promise<(() => Promise<void>) | undefined>) => {
    turn = turn
      .then(() => sources?.announce(news))
      .then(async () => (await marked)?.())
      .catch((error: unknown) => tell(`trust lists: the other workers cannot be told: ${errorText(error)}`, 'error'))
  }
  return {
    async begin(given) {
      await keeping.begin()
      trust = given
      const news = given.news()
      told = printsOf(news)
      announce(news, Promise.resolve(undefined))
    },
    async remember(standing) {
      const stands = await keeping.remember(standing)
      if (!sources || !trust || !together.isLead()) return stands
      const prints = printsOf(trust.news())
      const isOther = prints !== told
      told = prints
      const marked = isOther ? mark() : Promise.resolve(undefined)
      // What cannot be marked is told with what is announced, and the lists count all the same: keys that are withdrawn are out.
      await marked.catch(() => undefined)
      return async () => {
        await stands()
        if (trust) announce(trust.news(), marked)
      }
    },
  }
}

const printsOf = (news: readonly SourceNews[]): string => news.map(({ name, print }) => `${name} ${print}`).join('\n')
