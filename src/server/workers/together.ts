/** How a server works together with others that share its port, its store and its folder; one that is alone leads itself. */
import type { JobsElsewhere } from '../../http/async/elsewhere.ts'
import type { ConnectionSource } from '../../http/wire/running-server.ts'
import type { LeadNews, SourceNews, Strength } from '../../workers/serving/protocol.ts'
import type { Tell } from '../front/log.ts'

/** What only one of them does. */
export interface LeadWork {
  /** It leads from now on. */
  begin(): Promise<void>
  /** It leads no longer, and will not again. */
  end(): Promise<void>
}

/** A server among those of one machine. */
export interface Together {
  /** Name of all that serve together; undefined: this one alone. */
  group: string | undefined
  isLead(): boolean
  /** Begins what only the lead does, now or when this one comes to lead. */
  lead(work: LeadWork): Promise<void>
  /** Lines that one of all says; errors are said by each. */
  tell(tell: Tell): Tell
  /** Where connections come from; undefined: it listens itself. */
  source: ConnectionSource | undefined
  /** What the lead has told of itself. */
  leadNews(): LeadNews | undefined
  /** Tells the others of itself, as the lead. */
  tellNews(news: LeadNews): void
  sources: SharedSources | undefined
  strength(): Strength | undefined
  uses: SharedUses | undefined
  metrics: SharedMetrics | undefined
  jobs: JobsElsewhere | undefined
}

/** Trust sources that one reads and all follow. */
export interface SharedSources {
  /** Tells the others how they stand, as the lead; resolves when all have followed. */
  announce(news: SourceNews[]): Promise<void>
  /** How they stand with the lead; undefined before it has said so. */
  current(): Promise<SourceNews[] | undefined>
  /** Follows from now on. */
  follow(news: (news: SourceNews[]) => Promise<void>): void
  /** Has the lead read these again, since they stand otherwise here; how all stand with it then. Undefined where nobody leads. */
  differ(names: string[]): Promise<SourceNews[] | undefined>
  /** As the lead, reads those again that are asked for from now on; without names all that are files here. */
  onRead(read: (names: string[] | undefined) => Promise<SourceNews[]>): void
}

/** What clients have used of what is limited, told to all. */
export interface SharedUses {
  /** Used here. */
  add(kind: string, name: string, used: number): void
  /** Told of what was used elsewhere. */
  onOthers(use: (kind: string, name: string, used: number) => void): void
}

/** Numbers of one process. */
export interface OwnMetrics {
  all(): Promise<unknown>
  counts(): Promise<unknown>
}

/** Numbers of all. */
export interface SharedMetrics {
  /** Of all processes, this one included, and of those that are no more. */
  all(): Promise<unknown[]>
  /** Gives those of this process: all, and of one that ends what it has counted. */
  own(read: OwnMetrics): void
}

/** A server that shares nothing. */
export const alone: Together = {
  group: undefined,
  isLead: () => true,
  lead: (work) => work.begin(),
  tell: (tell) => tell,
  source: undefined,
  leadNews: () => undefined,
  tellNews: () => {},
  sources: undefined,
  strength: () => undefined,
  uses: undefined,
  metrics: undefined,
  jobs: undefined,
}
