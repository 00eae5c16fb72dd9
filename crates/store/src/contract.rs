//! What every store has to do, as tests.
//!
//! A store's test crate implements [`Fixture`] and calls [`store_contract!`](crate::store_contract), which makes one test of
//! each function in the modules below.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these functions are tests: they fail by panicking"
)]
#![expect(missing_docs, reason = "the name of a test says what it proves")]

pub mod catalogue;
pub mod counting;
pub mod deleting;
pub mod fanning_out;
pub mod feeding;
pub mod firing;
pub mod grouping;
pub mod listing;
pub mod listing_resources;
pub mod noticing;
pub mod ordering;
pub mod publishing;
pub mod recording;
pub mod reopening;
pub mod replaying;
pub mod retaining;
pub mod scheduling;
pub mod selecting;
pub mod separating;
pub mod skipping;
pub mod targets;
pub mod world;

use std::sync::Arc;

use async_trait::async_trait;

use crate::feed::{FeedLimits, FeedReceiver};
use crate::store::Store;

/// A place for the data of one test.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// Opens a store on the data of this place; the first time there is none. The store opened before is closed by then.
    async fn open(&self, feed: FeedLimits) -> (Arc<dyn Store>, FeedReceiver);
}

/// Makes one test of each function of the contract. The argument is an expression that makes a fresh [`Fixture`].
#[macro_export]
macro_rules! store_contract {
    ($fixture:expr) => {
        $crate::store_contract! { @modules $fixture;
            catalogue: [
                organizations_keys_and_subscriptions_are_found,
                a_taken_id_is_refused,
                a_change_of_what_does_not_exist_is_refused,
                an_update_from_an_older_revision_is_stale,
                a_rotated_secret_stands_before_the_one_it_replaces,
                subscriptions_of_one_endpoint_share_a_receiver,
                the_limit_of_a_dialect_holds,
                a_simplymeet_hook_keeps_its_own_secret,
                interruptions_of_a_receiver_are_kept,
            ]
            targets: [
                headers_come_back_and_go_to_no_other_host,
                a_target_shows_anew_that_it_wants_deliveries_when_it_changes,
                a_handshake_with_what_a_subscription_was_counts_for_nothing,
            ]
            grouping: [
                a_group_is_made_whole_and_kept_whole,
                of_a_group_that_is_refused_nothing_is_made,
                a_group_is_deleted_whole_and_nobody_elses,
                another_host_is_not_shown_the_secret,
                clients_are_found_by_number_and_end_when_revoked,
            ]
            publishing: [
                a_request_is_committed_with_its_deliveries,
                sequences_grow_and_leave_no_room_for_doubt,
                a_resource_that_is_newer_makes_the_request_stale,
                a_stale_request_leaves_nothing_behind,
                a_resource_may_appear_twice_in_a_request,
                a_repeated_request_is_replayed,
                a_reused_key_is_told,
                an_expired_key_is_free,
                a_request_matched_by_an_older_catalogue_is_refused,
                of_two_racing_for_a_resource_one_wins,
                of_two_racing_for_a_key_one_commits_and_the_other_replays,
                a_state_older_than_the_stored_one_does_not_replace_it,
                a_removed_resource_is_gone_but_its_facts_are_known,
                a_delivery_of_its_own_touches_no_resource,
                deliveries_of_their_own_keep_when_they_are_due,
            ]
            feeding: [
                deliveries_come_in_commit_order,
                a_change_of_the_catalogue_is_told,
                what_the_feed_has_no_room_for_is_announced_and_paged,
                pages_of_one_subscription_leave_the_others_out,
                pages_of_one_subscription_reach_beyond_many_others,
            ]
            firing: [
                firings_move_with_their_resource_and_touch_no_other,
                a_moment_that_is_past_makes_no_firing_and_one_that_waits_stays,
                a_firing_fires_once,
                a_firing_fires_once_also_when_the_clock_is_set_back,
                a_firing_loses_against_the_move_of_its_resource,
                timers_apply_to_resources_that_are_there,
                what_fired_before_a_walk_came_by_is_not_made_anew,
                timers_are_limited_and_belong_to_their_organization,
            ]
            scheduling: [
                what_is_scheduled_is_replaced_cancelled_and_fired_by_its_key,
                a_refused_request_schedules_nothing,
                pages_of_what_is_due_follow_each_other,
                organizations_take_turns_when_much_is_due,
                an_earlier_firing_wakes_who_waits,
            ]
            recording: [
                a_delivered_delivery_ends,
                a_retry_keeps_its_state,
                an_exhausted_delivery_ends_with_its_attempts,
                frozen_bytes_come_back_and_are_shared,
                a_record_for_an_ended_delivery_is_dropped,
                a_receiver_can_disable_its_subscription,
                an_end_without_an_attempt_keeps_the_last_one,
            ]
            noticing: [
                notices_are_committed_with_their_record,
                only_the_record_that_disables_tells_it,
                what_is_gone_is_told_nothing_and_leaves_no_health,
                a_certificate_is_remembered_with_the_record_that_brought_it,
                an_expiry_says_why,
            ]
            ordering: [
                a_receiver_keeps_its_order,
                a_delivery_knows_the_version_handed_over_before,
                a_newer_delivery_lists_what_was_folded_into_it,
                a_fold_into_what_has_ended_says_so_all_the_same,
            ]
            fanning_out: [
                more_deliveries_than_a_turn_takes_come_in_order,
                a_later_action_of_the_resource_queues_behind,
                a_fan_out_goes_on_after_a_restart,
                a_subscription_deleted_in_between_gets_nothing,
            ]
            deleting: [
                what_waits_for_a_deleted_subscription_is_cancelled,
                its_neighbours_keep_waiting,
                a_deletion_goes_on_after_a_restart,
            ]
            retaining: [
                old_bodies_go_and_latest_states_stay,
                what_waits_too_long_expires_first,
                old_metadata_goes_after_the_bodies,
                a_latest_state_that_outlived_retention_goes_when_it_is_replaced,
                expired_idempotency_keys_go,
            ]
            skipping: [
                what_is_too_old_expires_and_the_rest_waits,
                more_than_a_turn_takes_is_left_out_step_by_step,
                a_test_is_not_left_out_and_a_push_is_as_old_as_itself,
            ]
            separating: [
                no_reader_sees_another_organization,
                no_change_reaches_another_organization,
            ]
            listing: [
                pages_follow_each_other_without_gap_or_double,
                filters_show_what_a_model_shows,
                an_id_of_another_time_finds_nothing,
            ]
            listing_resources: [
                resources_come_in_order_of_their_ids_without_gap_or_double,
                a_kind_and_an_organization_have_their_own,
                a_removed_resource_is_left_out,
                what_the_time_of_the_last_change_leaves_out_is_passed_over,
                a_page_of_large_resources_ends_early,
                more_rows_than_a_look_takes_are_gone_on_with,
            ]
            replaying: [
                a_listed_delivery_is_made_once_more_with_its_bytes,
                a_backfill_goes_to_another_subscription_with_what_it_wants,
                deliveries_become_due_at_the_rate,
                a_large_replay_goes_on_after_a_restart,
                a_cancelled_replay_leaves_nothing_waiting,
                ends_are_counted,
            ]
            selecting: [
                a_walk_takes_what_failed_since_and_nothing_else,
                what_a_replay_has_handed_over_failed_no_more,
                what_is_gone_is_skipped_and_said,
                an_estimate_counts_what_would_be_made,
                a_repeated_request_makes_one_replay,
                other_organizations_have_their_own_replays,
            ]
            counting: [
                what_waits_is_counted_whatever_happens,
                ends_are_counted_by_their_state,
            ]
            reopening: [
                everything_is_there_after_reopening,
                sequences_go_on_after_reopening,
                a_closed_store_says_so,
                figures_count_what_waits,
            ]
        }
    };
    (@modules $fixture:expr; $($module:ident: [$($test:ident,)*])*) => {
        $(
            mod $module {
                use super::*;
                $(
                    #[tokio::test]
                    async fn $test() {
                        $crate::contract::$module::$test(&$fixture).await;
                    }
                )*
            }
        )*
    };
}
