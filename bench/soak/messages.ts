/** What the program and the thread of its two neighbours say to each other. */
export interface SoakStart {
  readonly port: number;
  readonly churner: { readonly address: string; readonly as: number };
  readonly witness: { readonly address: string; readonly as: number };
  readonly prefixes: number;
  readonly window: number;
}

export type SoakNews =
  | { readonly kind: 'progress'; readonly announced: number }
  | { readonly kind: 'done'; readonly announced: number }
  | { readonly kind: 'lost'; readonly who: string };
