/** What the first process and its workers write to each other. All of it is plain JSON. */
/** Which of the listeners a connection came to. */
export type ListenerKind = 'plain' | 'tls'

/** Use of something that is limited for one client: kind of limit, name of the client, how much. */
export type Use = [kind: string, name: string, used: number]

/** A request of the HTTP layer about an asynchronous job that another process has. */
interface JobQuestion {
  action: 'status' | 'cancel'
  id: string
  owner: string
}

/** How the lead stands to others: what they cannot see for themselves. */
export interface LeadNews {
  gateways: { id: string; state: string }[]
}

/** How a trust source stands with the lead, as the followers take it over. */
export interface SourceNews {
  name: string
  /** Fingerprint of what is in use of it. */
  print: string
  /** What its last reading left beside content, encoded. */
  standing: unknown
}

/** How many workers there are to be, and how many answer. */
export interface Strength {
  workers: number
  ready: number
}

/** What the first process writes to a worker. */
export interface ToWorker {
  /** The first letter. `id` is of this process alone, also among those that were here before; `group` is the name of them all. */
  begin: { body: { id: number; isLead: boolean; group: string } & Strength; reply: unknown }
  /** It comes to lead, or leads no longer; answered when what only the lead does has ended. */
  lead: { body: boolean; reply: unknown }
  strength: { body: Strength; reply: unknown }
  /** It says in `/ready` that it is about to end. */
  drain: { body: undefined; reply: unknown }
  /** It gets no more connections, finishes what is under way and ends. */
  end: { body: { isRestart: boolean }; reply: unknown }
  /** Files of the TLS listener are read again. */
  reload: { body: undefined; reply: unknown }
  uses: { body: Use[]; reply: unknown }
  leadNews: { body: LeadNews; reply: unknown }
  /** Answered when the lists stand so with it, too. */
  sources: { body: SourceNews[]; reply: unknown }
  /** To the lead: it reads the sources of these names again, without names all that are files here; how all stand with it then. */
  readSources: { body: string[] | undefined; reply: SourceNews[] | undefined }
  metrics: { body: undefined; reply: unknown }
  job: { body: JobQuestion; reply: unknown }
}

/** What a worker writes to the first process. */
export interface ToFirst {
  /** Opens the ports, unless they are open; the ports that they are. */
  listen: { body: undefined; reply: { port?: number | undefined; tlsPort?: number | undefined } }
  /** It answers from now on. */
  ready: { body: undefined; reply: unknown }
  /** A connection is its own now; and is no more. */
  taken: { body: number; reply: unknown }
  closed: { body: number; reply: unknown }
  uses: { body: Use[]; reply: unknown }
  leadNews: { body: LeadNews; reply: unknown }
  /** From the lead; answered when all others have followed, or are no more. */
  sources: { body: SourceNews[]; reply: unknown }
  /** How the lists stand with the lead; undefined before it has said so. */
  askSources: { body: undefined; reply: SourceNews[] | undefined }
  /** Sources of these names stand otherwise here, also after they were read again: the lead reads them, too, and this is how all stand then. */
  sourcesDiffer: { body: string[]; reply: SourceNews[] | undefined }
  /** Numbers of all workers. */
  askMetrics: { body: undefined; reply: unknown[] }
  /** About a job of the process with that id; undefined: it is no more. */
  askJob: { body: { process: number } & JobQuestion; reply: unknown }
  /** Whether a job may begin; it counts until it ends. */
  jobBegins: { body: { job: string; owner: string; exclusive: boolean }; reply: 'yes' | 'own' | 'all' }
  /** Answered when no other exclusive job runs. */
  jobTurn: { body: string; reply: unknown }
  jobEnds: { body: string; reply: unknown }
  /** Its last numbers, before it ends. */
  lastMetrics: { body: unknown; reply: unknown }
}
