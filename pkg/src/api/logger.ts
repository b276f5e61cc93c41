// Logging: the interface of a logger, the levels, the console, and the filter in front of a logger of the
// page.

/** Messages up to this level are logged. Default: `Error`. */
export enum LogLevel {
  /** Nothing. */
  Disable = 0,
  /** Failures. */
  Error = 1,
  /** Also what is unusual. */
  Warn = 2,
  /** Also what happens. */
  Info = 3,
  /** Also details. */
  Debug = 4,
  /** Everything. */
  Verbose = 5,
}

/**
 * Gets messages. Each method is called with a sentence and, where there is one, the error behind it.
 * Exceptions of a logger are ignored.
 */
export interface Logger {
  error(message?: any, ...optionalParams: any[]): void;
  warn(message?: any, ...optionalParams: any[]): void;
  info(message?: any, ...optionalParams: any[]): void;
  debug(message?: any, ...optionalParams: any[]): void;
  verbose(message?: any, ...optionalParams: any[]): void;
}

/**
 * The default logger: the console, with `console.debug` for `verbose`. It does not filter: `logLevel` does.
 */
export class ConsoleLogger implements Logger {
  error(message?: any, ...optionalParams: any[]): void {
    console.error(message, ...optionalParams);
  }
  warn(message?: any, ...optionalParams: any[]): void {
    console.warn(message, ...optionalParams);
  }
  info(message?: any, ...optionalParams: any[]): void {
    console.info(message, ...optionalParams);
  }
  debug(message?: any, ...optionalParams: any[]): void {
    console.debug(message, ...optionalParams);
  }
  verbose(message?: any, ...optionalParams: any[]): void {
    console.debug(message, ...optionalParams);
  }
}

/** The level of a method is its index plus one, as in {@link LogLevel}. */
const METHODS = ['error', 'warn', 'info', 'debug', 'verbose'] as const;

/** `provider`, or the console, for messages up to `level`. Its methods do not throw. */
export function filteredLogger(provider: Logger | undefined, level: LogLevel): Logger {
  const target = provider ?? new ConsoleLogger();
  const logger = {} as Logger;
  METHODS.forEach((name, index) => {
    logger[name] = (...message) => {
      try {
        if (index < level) target[name](...message);
      } catch {
        // There is no other way to report it.
      }
    };
  });
  return logger;
}

/** Logs a message of the SDK. `level`: a number of {@link LogLevel}, from 1. */
export function logAt(logger: Logger, level: number, sentence: string, error?: unknown): void {
  logger[METHODS[level - 1]!](`[Experiment] ${sentence}`, ...(error ? [error] : []));
}
