/**
 * The desk at which credentials are judged, one after the other: what is asked, what was answered, and when it is forgotten. Everything
 * stands in memory. An answer is shown beside no other and to no other question; what is not waited for any more is dropped.
 */
import { type Signal, signal } from '@preact/signals'
import type { Fault, Reply } from '../../api/reply.ts'
import type { Collected } from '../input/chunks.ts'
import { type DocumentFault, documentFault, isOfDocument } from '../input/document-fault.ts'
import { type DocumentLines, documentLines, isWholeDocument, withLine } from '../input/document-lines.ts'
import { takeIn } from '../input/intake.ts'
import { type AskingSettings, type IdentityDocument, isGiven, parametersOf, type Question } from '../input/question.ts'
import { asking, working } from '../input/settings.ts'
import type { Decision, Verdict } from '../reply/verdict.ts'
import { type Found, judge } from './judge.ts'

/** What the desk shows. */
export type DeskState =
  | { is: 'waiting' }
  /** Said at once, without a server. */
  | { is: 'refused'; why: 'tooLong' | 'tooMany' | 'pictureTooLarge' }
  | { is: 'asking'; isSlow: boolean }
  | { is: 'failed'; fault: Fault; askAgainAt?: number }
  /** The document is not whole or was not read rightly: nothing was asked, or the server refused it. There is no verdict until it is read, or gone on without. */
  | { is: 'documentUnread' }
  | { is: 'answered'; answer: Answer }

/** A verdict, and what it is an answer to. */
export interface Answer {
  /** Another one for every answer. */
  number: number
  verdict: Verdict
  /** When it came, by this machine's clock. */
  at: Date
  /** Seconds by which this machine's clock is ahead of the server's (negative: behind). */
  clockGap: number
  /** What was set when it was asked about. */
  settings: AskingSettings
  /** More codes of the same person can be added to it. */
  canAdd: boolean
  /** The text began nearly as a code does: the scanner may type with another keyboard. */
  isMistyped: boolean
  /** A document was given beside the verdict before, and did not fit it: it was held against this person neither. */
  isDocumentLeft: boolean
}

/** What becomes of the document that is given: it waits for the next code, or for its other lines, or stands beside a verdict. */
export type DocumentStanding =
  | { is: 'none' | 'forNext' | 'notCompared' | 'compared' }
  | { is: 'open'; lines: DocumentLines }
  /** What was misread; `refused`: the server says so. */
  | { is: 'misread'; what: DocumentFault | 'refused' }

/** What the desk is given: the server and the time. */
export interface DeskParts {
  ask(body: object, signal: AbortSignal): Promise<Reply<unknown>>
  /** Milliseconds since 1970. */
  now(): number
  after(milliseconds: number, act: () => void): () => void
}

/** Seconds without touch after which everything is forgotten. */
const forgottenAfter = 60
/** Seconds before that in which it is said. */
const warnedBefore = 15
/** Seconds of the two clocks' difference that are told. */
export const mostGap = 120

/** Largest picture that is sent: what the server reads at all (docs/verifier.md, From a picture). */
const largestPicture = 10_000_000
const slowAfter = 4_000
/** A code that is held before the camera is read again when it was away for so long, in milliseconds. */
const awayFor = 3_000
/** As many as the server judges at a time (docs/evaluate.md, Several credentials): of more none is asked about, for one that is left out may be the one that says no. */
const mostCredentials = 20

const noDocument: IdentityDocument = { name: '', birthDate: '', mrz: '' }

const noTally: Record<Decision, number> = { accepted: 0, rejected: 0, undetermined: 0, unverified: 0 }

/** The desk; what it shows stands in signals. */
export class Desk {
  readonly state: Signal<DeskState> = signal<DeskState>({ is: 'waiting' })
  /** Parts of a card that wait for the others. */
  readonly collected: Signal<Collected | undefined> = signal<Collected | undefined>(undefined)
  /** Whether the next code is another one of the same person. */
  readonly isAdding: Signal<boolean> = signal(false)
  readonly document: Signal<IdentityDocument> = signal(noDocument)
  /** Whether something stands in the scanner's field that was not asked about. */
  readonly isDrafted: Signal<boolean> = signal(false)
  /** Verdicts of this session, by word. */
  readonly tally: Signal<Record<Decision, number>> = signal(noTally)
  /** The time of the last tick, in milliseconds since 1970. */
  readonly now: Signal<number>
  /** Seconds until all is forgotten, near the end; else undefined. */
  readonly remaining: Signal<number | undefined> = signal<number | undefined>(undefined)

  readonly #parts: DeskParts
  /** Of one person, or several side by side: what is asked now, or was. */
  #questions: Question[] = []
  #isMistyped = false
  #touchedAt: number
  /** The question to which the last code was added. */
  #addedTo: Question | undefined
  /** The document that went with the last question. */
  #usedDocument: IdentityDocument | undefined
  /** The document that the server could not read. */
  #refusedDocument: IdentityDocument | undefined
  /** One was given beside the verdict before, and not found to be that person's. */
  #isDocumentLeft = false
  /** What the tally counts of the person who is asked about. */
  #counted: Decision | undefined
  #seen = { text: '', at: Number.NEGATIVE_INFINITY }
  #controller: AbortController | undefined
  /** Of what is being read and may lead to a question. */
  #reading: AbortController | undefined
  #number = 0

  constructor(parts: DeskParts) {
    this.#parts = parts
    this.#touchedAt = parts.now()
    this.now = signal(parts.now())
  }

  /**
   * Texts of a scanner or a paste.
   * @param scanned `isMistyped`: the scanner may type with another keyboard; `goesOn`: the code before was a piece of this one
   */
  scan(texts: readonly string[], { isMistyped = false, goesOn = false } = {}): void {
    this.touch()
    const intake = takeIn(texts, this.collected.value)
    if (intake.is === 'nothing') return
    if (intake.is !== 'documentLine') this.#giveUpReading()
    if (intake.is === 'tooLong') this.#refuse('tooLong')
    else if (intake.is === 'documentLine') this.#addLine(intake.line)
    else if (intake.is === 'part') {
      // The verdict before is not that of the card that is being collected.
      if (!this.isAdding.value && this.collected.value === undefined) this.#forgetAnswer()
      this.collected.value = intake.collected
    } else {
      this.collected.value = undefined
      this.isDrafted.value = false
      this.#isMistyped = isMistyped
      this.#askAbout(intake.credentials, goesOn)
    }
  }

  /**
   * Something else comes: a picture that is being read, a code that is being typed. The verdict that stands there is not its verdict.
   * @param coming `goesOn`: it goes on with the code before
   * @returns aborts when another code came meanwhile, or all was cleared: what is read after that is asked about no more
   */
  begin({ goesOn = false } = {}): AbortSignal {
    this.touch()
    this.#giveUpReading()
    if (!this.isAdding.value) this.#forgetAnswer({ goesOn })
    this.#reading = new AbortController()
    return this.#reading.signal
  }

  /** Texts that the camera sees, again and again: what is held still is read once. */
  see(texts: readonly string[]): void {
    const text = [...texts].sort().join('\n')
    const at = this.#parts.now()
    const isHeld = text === this.#seen.text && at - this.#seen.at < awayFor
    this.#seen = { text, at }
    if (!isHeld) this.scan(texts)
  }

  /** A picture whose codes the server is to read. */
  picture(bytes: Uint8Array, contentType: string): void {
    this.touch()
    if (bytes.length > largestPicture) {
      this.#refuse('pictureTooLarge')
      return
    }
    this.#giveUpReading()
    this.collected.value = undefined
    this.#isMistyped = false
    const picture = { bytes, contentType }
    const [first] = this.#questions
    if (this.isAdding.value && first) {
      if (first.picture) this.#refuse('tooMany')
      else this.#add(first, { picture, credentials: [] })
      return
    }
    this.isAdding.value = false
    void this.#put([{ credentials: [], picture, ...this.#documentOfNext() }])
  }

  /** Asks the same again: with the identity document as it is now, or with what opens a link. */
  again(link?: Question['link']): void {
    this.touch()
    this.#askAgain({ ...(link && { link }) })
  }

  /** Asks the same again without a document: it may be what the server cannot read. */
  withoutDocument(): void {
    this.forgetDocument()
    this.again()
  }

  /** Forgets the document alone. */
  forgetDocument(): void {
    this.document.value = noDocument
  }

  /**
   * What becomes of the document. While nobody is asked about it is the next person's, then it is of him who is. It was compared when the
   * verdict that stands there says how it agrees, and not before.
   */
  documentStanding(): DocumentStanding {
    const { document, state } = this
    if (!isGiven(document.value)) return { is: 'none' }
    const fault = this.#unread()
    if (fault) return fault
    const { value } = state
    if (value.is === 'waiting' || value.is === 'refused') return { is: 'forNext' }
    const isCompared =
      value.is === 'answered' &&
      document.value === this.#usedDocument &&
      ['match', 'close', 'differs'].includes(value.answer.verdict.identity ?? '')
    return { is: isCompared ? 'compared' : 'notCompared' }
  }

  /** Forgets everything, and makes room for the next. */
  clear(): void {
    this.#stop()
    this.#giveUpReading()
    this.#questions = []
    this.#addedTo = undefined
    this.#usedDocument = undefined
    this.#refusedDocument = undefined
    this.#isDocumentLeft = false
    this.#counted = undefined
    this.isDrafted.value = false
    this.#isMistyped = false
    this.collected.value = undefined
    this.isAdding.value = false
    this.document.value = noDocument
    this.remaining.value = undefined
    this.state.value = { is: 'waiting' }
  }

  /** Somebody is there. */
  touch(): void {
    this.#touchedAt = this.#parts.now()
    this.remaining.value = undefined
  }

  /** Sets the numbers of the session to zero. */
  resetTally(): void {
    this.tally.value = noTally
    this.#counted = undefined
  }

  /** To be called every second: forgets when nobody is there, asks a busy server again. */
  tick(): void {
    const now = this.#parts.now()
    this.now.value = now
    // A clock that was set back would keep a person for as long.
    this.#touchedAt = Math.min(this.#touchedAt, now)
    // What is not held any more is not remembered either.
    if (now - this.#seen.at >= awayFor || now < this.#seen.at) this.#seen = { text: '', at: Number.NEGATIVE_INFINITY }
    const { value } = this.state
    if (!this.#hasSomething() || value.is === 'asking') return
    const idle = (now - this.#touchedAt) / 1000
    const { pause } = working.value
    const makesRoom = pause > 0 && value.is === 'answered' && !this.isAdding.value
    const left = Math.ceil((makesRoom ? Math.min(pause, forgottenAfter) : forgottenAfter) - idle)
    if (left <= 0) {
      this.clear()
      return
    }
    this.remaining.value = left <= warnedBefore ? left : undefined
    const { askAgainAt } = value.is === 'failed' ? value : {}
    if (askAgainAt !== undefined && now >= askAgainAt) this.#askAgain({ isOwn: true })
  }

  #hasSomething(): boolean {
    const { state, collected, isAdding, document, isDrafted } = this
    const isOpen = collected.value !== undefined || isAdding.value || isDrafted.value
    return state.value.is !== 'waiting' || isOpen || isGiven(document.value)
  }

  #stop(): void {
    this.#controller?.abort()
    this.#controller = undefined
  }

  #giveUpReading(): void {
    const reading = this.#reading
    this.#reading = undefined
    reading?.abort()
  }

  #refuse(why: (DeskState & { is: 'refused' })['why']): void {
    this.clear()
    this.state.value = { is: 'refused', why }
  }

  /** A line beside a verdict is of that person: when all are there, he is compared at once. */
  #addLine(line: string): void {
    const held = this.#usedDocument === this.document.value ? noDocument : this.document.value
    this.document.value = { ...held, mrz: withLine(held.mrz, line) }
    const { value } = this.state
    // A server that is busy is asked when it said, and with the document.
    const isAwaited = value.is === 'failed' && value.askAgainAt !== undefined
    // The verdict without one that was misread does not stand as if nobody had given it.
    if (this.#questions.length > 0 && !isAwaited && isWholeDocument(this.document.value.mrz)) this.again()
  }

  #forgetAnswer({ goesOn = false } = {}): void {
    this.#stop()
    // A code that goes on is of the same person: the document, and what is said of it, too.
    if (!goesOn) this.#documentOfNext()
    this.#questions = []
    this.state.value = { is: 'waiting' }
  }

  /** Why the document that is given cannot be sent. */
  #unread(): (DocumentStanding & { is: 'open' | 'misread' }) | undefined {
    const { value } = this.document
    const lines = documentLines(value.mrz)
    if (value.mrz.trim() && lines.read.length < lines.of) return { is: 'open', lines }
    const what = documentFault(value)
    if (what) return { is: 'misread', what }
    return isGiven(value) && value === this.#refusedDocument ? { is: 'misread', what: 'refused' } : undefined
  }

  #given(): { identity?: IdentityDocument } {
    return isGiven(this.document.value) ? { identity: this.document.value } : {}
  }

  /**
   * The document that waits for the next code. One that was given while somebody was asked about is his: held against the next it would
   * make him another person, or, of two who are alike, the right one.
   */
  #documentOfNext(): { identity?: IdentityDocument } {
    if (this.#questions.length > 0) {
      const { value } = this.state
      const fitted = value.is === 'answered' && ['match', 'close'].includes(value.answer.verdict.identity ?? '')
      const isCompared = fitted && this.#usedDocument === this.document.value
      this.#isDocumentLeft = isGiven(this.document.value) && !isCompared
      this.document.value = noDocument
      this.#counted = undefined
    }
    return this.#given()
  }

  #askAbout(credentials: string[][], goesOn: boolean): void {
    // What goes on with a piece stands in its place.
    if (!goesOn) this.#addedTo = this.isAdding.value ? this.#questions[0] : undefined
    if (this.#addedTo) {
      this.#add(this.#addedTo, { credentials })
      return
    }
    if (credentials.length > mostCredentials) {
      this.#refuse('tooMany')
      return
    }
    this.isAdding.value = false
    const identity = goesOn ? this.#given() : this.#documentOfNext()
    void this.#put(credentials.map((each) => ({ credentials: [each], ...identity })))
  }

  /** Asks about a person's codes and one more of them. */
  #add(first: Question, more: Pick<Question, 'credentials' | 'picture'>): void {
    // The document counts as it is now, not as it was when the first code was asked about.
    const { identity: _, ...rest } = first
    const credentials = [...first.credentials, ...more.credentials]
    const isPictured = first.picture !== undefined || more.picture !== undefined
    if (credentials.length + (isPictured ? 1 : 0) > mostCredentials) {
      this.#refuse('tooMany')
      return
    }
    this.isAdding.value = false
    void this.#put([{ ...rest, ...more, credentials, ...this.#given() }])
  }

  /** With the document as it is now. */
  #askAgain({ link, isOwn = false }: { link?: Question['link']; isOwn?: boolean }): void {
    if (this.#questions.length === 0) return
    const identity = this.#given()
    const asked = this.#questions.map(({ identity: _, ...rest }) => ({ ...rest, ...identity, ...(link && { link }) }))
    void this.#put(asked, { isOwn })
  }

  /** @param isOwn asked by itself, after a server that was busy: nobody is there by that */
  async #put(asked: Question[], { isOwn = false } = {}): Promise<void> {
    this.#stop()
    const mine = new AbortController()
    this.#controller = mine
    this.#questions = asked
    if (isGiven(this.document.value) && this.#unread()) {
      if (!isOwn) this.touch()
      this.#usedDocument = undefined
      this.#controller = undefined
      this.state.value = { is: 'documentUnread' }
      return
    }
    this.#usedDocument = this.document.value
    this.state.value = { is: 'asking', isSlow: false }
    if (!isOwn) this.touch()
    const notSlow = this.#parts.after(slowAfter, () => {
      if (this.#controller === mine) this.state.value = { is: 'asking', isSlow: true }
    })
    const settings = asking.value
    const bodies = asked.map((each) => parametersOf(each, settings))
    const replies = await Promise.all(bodies.map((body) => this.#parts.ask(body, mine.signal)))
    notSlow()
    if (this.#controller !== mine) return
    this.#controller = undefined
    const now = this.#parts.now()
    const judged = judge({ asked, replies, settings, now })
    if ('fault' in judged) {
      const { fault } = judged
      if (isOfDocument(fault) && asked.some(({ identity }) => identity !== undefined)) {
        this.#refusedDocument = this.#usedDocument
        this.state.value = { is: 'documentUnread' }
        return
      }
      const { retryAfter } = fault
      this.state.value = { is: 'failed', fault, ...(retryAfter && { askAgainAt: now + retryAfter * 1000 }) }
      return
    }
    this.touch()
    this.#answer(asked, { ...judged, settings, now })
  }

  #answer(asked: Question[], { verdict, clockGap, settings, now }: Found): void {
    this.#count(verdict.decision)
    this.#number += 1
    const [only] = asked
    const credentials = asked.length === 1 && only ? only.credentials.length + (only.picture ? 1 : 0) : 0
    const answer: Answer = {
      number: this.#number,
      verdict,
      at: new Date(now),
      clockGap,
      settings,
      canAdd: credentials > 0 && credentials < mostCredentials,
      isMistyped: this.#isMistyped,
      isDocumentLeft: this.#isDocumentLeft && asked.every(({ identity }) => identity === undefined),
    }
    this.state.value = { is: 'answered', answer }
  }

  /** One person is one verdict, however often he is asked about. */
  #count(decision: Decision): void {
    const tally = { ...this.tally.value }
    if (this.#counted) tally[this.#counted] = Math.max(0, tally[this.#counted] - 1)
    tally[decision] += 1
    this.#counted = decision
    this.tally.value = tally
  }
}
