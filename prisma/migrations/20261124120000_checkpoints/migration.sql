-- AlterEnum
ALTER TYPE "RunStatus" ADD VALUE 'PAUSED' BEFORE 'SUCCEEDED';
ALTER TYPE "RunStatus" ADD VALUE 'TIMED_OUT';

-- AlterTable
ALTER TABLE "training_runs" ADD COLUMN "pauseRequestedAt" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "run_checkpoints" (
    "runId" UUID NOT NULL,
    "step" INTEGER NOT NULL,
    "epoch" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "key" TEXT NOT NULL,
    "bytes" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "validationLoss" DOUBLE PRECISION,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "run_checkpoints_pkey" PRIMARY KEY ("runId","step")
);

-- AddForeignKey
ALTER TABLE "run_checkpoints" ADD CONSTRAINT "run_checkpoints_runId_fkey" FOREIGN KEY ("runId") REFERENCES "training_runs"("id") ON DELETE CASCADE ON UPDATE CASCADE;
