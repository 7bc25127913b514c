// What a worker acts on says for itself what it is for. Whoever has the signing key signs it as it leaves for Temporal, and it counts
// only where the signature fits (temporal/signing-codec.ts). So nobody else can make such a thing up, and none fits another place.

/** Who may ask has asked for one run of this kind, under this id. */
export interface StartSigned {
  readonly for: 'start' | 'schedule';
  /** One request: no second run is started by it. */
  readonly id: string;
  /** When it was asked for, in milliseconds since 1970. */
  readonly at: number;
  readonly workflowType: string;
  readonly workflowId: string;
}

/** A run of ours takes this step. */
export interface StepSigned {
  readonly for: 'step';
  /** Name of the step. */
  readonly step: string;
  readonly runId: string;
  /** What the run was started by; `null` where nobody who may ask has signed it. */
  readonly start: StartSigned | null;
}

/** Somebody who may answers a question of a run. */
export interface AnswerSigned {
  readonly for: 'answer';
  readonly workflowId: string;
  /** When that run began, in milliseconds since 1970: no other run of the id takes it. */
  readonly startedAt: number;
}

export type AnySigned = StartSigned | StepSigned | AnswerSigned;

/** What carries it. Absent: it was made by a pointsman without signatures. `null`: the signature does not fit. */
export interface Carries<Signed extends AnySigned> {
  readonly signed?: Signed | null;
}
