-- AlterTable
ALTER TABLE "training_runs" ADD COLUMN "traceparent" TEXT;
